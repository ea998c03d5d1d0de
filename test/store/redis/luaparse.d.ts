declare module 'luaparse' {
  interface Chunk {
    readonly globals: ReadonlyArray<{ readonly name: string }>
  }
  /** Throws a `SyntaxError` with line and column. With `scope` the chunk lists the globals that it uses. */
  function parse(source: string, options: { luaVersion: '5.1'; scope: boolean }): Chunk
  const luaparse: { readonly parse: typeof parse }
  export default luaparse
}
