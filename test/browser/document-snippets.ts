import { readFile } from 'node:fs/promises'

/** Reads the n-th code block of a language from a document, so that the tests run the text that readers copy. */
export async function codeBlock(document: string, language: string, index = 0): Promise<string> {
  const text = await readFile(`docs/${document}`, 'utf8')
  const blocks = [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))]
  const block = blocks[index]?.[1]
  if (!block) throw new Error(`docs/${document} has no ${language} block ${index}`)
  return block
}
