const { AsyncLocalStorage } = require('node:async_hooks')
const { default: runFile } = require('jest-circus/runner')

/**
 * Ends the AsyncLocalStorages of a test file with it. Each file has its own copy of jest-circus, with a storage that nothing disables,
 * and on Node 20 to 22 every promise of a process costs time for every storage: the hundredth file of a worker ran at a tenth of its speed.
 */
module.exports = async function runOneFile(...args) {
  const { prototype } = AsyncLocalStorage
  const { run, enterWith } = prototype
  const used = new Set()
  const noting = (method) =>
    function (...callArguments) {
      used.add(this)
      return method.apply(this, callArguments)
    }
  prototype.run = noting(run)
  prototype.enterWith = noting(enterWith)
  try {
    return await runFile(...args)
  } finally {
    Object.assign(prototype, { run, enterWith })
    for (const storage of used) storage.disable()
  }
}
