import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { root } from './packed-package.js'

const folder = join(root, '.github/workflows')
const workflows = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const)
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }

describe.each(workflows)('the workflow %s', (name, text) => {
  const actions = [...text.matchAll(/^ *(?:- )?uses: (.+)$/gm)].map(([, action = '']) => action)

  test('pins every action of another repository by commit, with its version beside it', () => {
    const others = actions.filter((action) => !action.startsWith('./'))
    expect(others.length).toBeGreaterThan(0)
    for (const action of others) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  })

  test('may read the repository and nothing else, but that the release proves who it is', () => {
    const permissions = [...text.matchAll(/^ *([\w-]+): (read|write|write-all|read-all)$/gm)].map(
      ([, key, value]) => `${key}: ${value}`,
    )
    expect(new Set(permissions)).toEqual(
      new Set(name === 'release.yml' ? ['contents: read', 'id-token: write'] : ['contents: read']),
    )
    expect(text).toMatch(/^permissions:\n {2}contents: read$/m)
    expect(text).not.toContain('secrets.')
  })

  test('runs scripts that the package has', () => {
    const named = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, script]) => script)
    expect(named.filter((script) => !Object.hasOwn(scripts, `${script}`))).toEqual([])
  })
})

test('the release publishes with provenance, without a token, from a tag that CI has passed', () => {
  const text = readFileSync(join(folder, 'release.yml'), 'utf8')
  expect(text).toMatch(/npm publish .+ --provenance/)
  expect(text).not.toMatch(/NODE_AUTH_TOKEN|NPM_TOKEN/)
  expect(text).toMatch(/needs: ci/)
})
