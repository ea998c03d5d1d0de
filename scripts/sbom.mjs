// Writes the software bill of materials of a tarball in CycloneDX: what an installation without peers gets, at the versions that are
// tested, and the tarball's own hash. Without a tarball's path it packs the built package first. No registry is asked.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'captcha-guard-sbom-'))

function pack() {
  const options = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
  const [{ filename }] = JSON.parse(execFileSync('npm', options, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] }))
  return join(folder, filename)
}

/** Drops development dependencies: they are listed where they are an optional peer of what is installed. */
function dropDevelopment(bom) {
  const isDevelopment = ({ properties }) => properties?.some(({ name }) => name === 'cdx:npm:package:development')
  const dropped = new Set(bom.components.filter(isDevelopment).map((component) => component['bom-ref']))
  bom.components = bom.components.filter((component) => !isDevelopment(component))
  bom.dependencies = bom.dependencies.filter(({ ref }) => !dropped.has(ref))
  for (const entry of bom.dependencies) entry.dependsOn = entry.dependsOn?.filter((ref) => !dropped.has(ref))
}

try {
  const tarball = process.argv[2] ? resolve(process.argv[2]) : pack()
  execFileSync('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1', 'package/package.json'])
  copyFileSync(join(root, 'package-lock.json'), join(folder, 'package-lock.json'))
  const generator = join(root, 'node_modules/@cyclonedx/cyclonedx-npm/bin/cyclonedx-npm-cli.js')
  const options = [
    '--package-lock-only',
    '--omit',
    'dev',
    'optional',
    'peer',
    '--mc-type',
    'library',
    '--output-reproducible',
  ]
  const bom = JSON.parse(execFileSync(process.execPath, [generator, ...options], { cwd: folder, encoding: 'utf8' }))
  dropDevelopment(bom)
  const content = createHash('sha512').update(readFileSync(tarball)).digest('hex')
  bom.metadata.component.hashes = [{ alg: 'SHA-512', content }]
  const file = process.argv[3] ?? `${bom.metadata.component.name}-${bom.metadata.component.version}.cdx.json`
  writeFileSync(file, `${JSON.stringify(bom, undefined, 2)}\n`)
  console.log(`${file}: ${bom.components.length} components`)
} finally {
  rmSync(folder, { recursive: true })
}
