import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { root } from './packed-package.js'

const inRepository = await reports('etc')
const built = await reports('dist/api')

async function reports(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(join(root, folder))).sort()
  const texts = names.map(async (name) => [name, await readFile(join(root, folder, name), 'utf8')] as const)
  return new Map(await Promise.all(texts))
}

describe('the public API', () => {
  test('has a report for each entry point that can be imported', async () => {
    const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    const entries = Object.values(exports).filter((target) => typeof target === 'object' && 'require' in Object(target))
    expect(entries.length).toBeGreaterThan(3)
    expect(inRepository.size).toBe(entries.length)
    expect([...built.keys()]).toEqual([...inRepository.keys()])
  })

  test.each([...inRepository.keys()])(
    'is what etc/%s says; where a change is meant, `npm run api` renews the report and CHANGELOG.md tells it',
    (name) => {
      expect(built.get(name)).toBe(inRepository.get(name))
    },
  )
})
