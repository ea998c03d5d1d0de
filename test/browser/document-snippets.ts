import { readFile } from 'node:fs/promises'

/** The n-th code block of a language in a document, so that what readers copy is what is tested. */
export async function codeBlock(document: string, language: string, index = 0): Promise<string> {
  const text = await readFile(`docs/${document}`, 'utf8')
  const blocks = [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))]
  const block = blocks[index]?.[1]
  if (!block) throw new Error(`docs/${document} has no ${language} block ${index}`)
  return block
}
