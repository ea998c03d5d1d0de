import { readdirSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { parts } from './parts.mjs'

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`)

const names = (pattern: string, path: string) =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`).test(path)

describe('the mutation tests', () => {
  test('mutate every file of the decision and of the site, each in one part', () => {
    const mutated = Object.values(parts).flatMap(({ mutate }) => mutate)
    const partsOf = (path: string) => mutated.filter((pattern) => names(pattern, path)).length
    const files = ['lib/admission', 'lib/site'].flatMap(filesIn)
    expect(files.filter((path) => partsOf(path) !== 1)).toEqual([])
  })

  test('name only files that exist', () => {
    const files = ['lib', 'test'].flatMap(filesIn)
    const named = Object.values(parts).flatMap(({ mutate, tests }) => [...mutate, ...tests])
    expect(named.filter((pattern) => !files.some((path) => names(pattern, path)))).toEqual([])
  })
})
