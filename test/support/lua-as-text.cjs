/** Lets a test import the text of a Lua file, as esbuild's text loader does in the build. */
module.exports = {
  process: (text) => ({ code: `module.exports = ${JSON.stringify(text)}` }),
}
