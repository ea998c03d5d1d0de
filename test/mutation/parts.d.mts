/** What is mutated together, and the test files that have to notice it; names of files from the repository's root, or patterns. */
export const parts: Readonly<Record<string, { readonly mutate: readonly string[]; readonly tests: readonly string[] }>>
