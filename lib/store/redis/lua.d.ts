/** The text of a Lua file; esbuild's text loader and a transform of the tests put it in. */
declare module '*.lua' {
  const source: string
  export default source
}
