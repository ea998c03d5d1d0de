const { AsyncLocalStorage } = require('node:async_hooks')
const { default: runFile } = require('jest-circus/runner')

/**
 * Ends the AsyncLocalStorages of a test file with it. Each file has its own copy of jest-circus, with a storage that nothing disables,
 * and on Node 20 to 22 every promise of a process costs time for every storage: the hundredth file of a worker ran at a tenth of its speed.
 */
module.exports = function runOneFile(...args) {
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
  // Not awaited: errors of tests would show a place in this function as theirs.
  return runFile(...args).finally(() => {
    Object.assign(prototype, { run, enterWith })
    for (const storage of used) storage.disable()
  })
}
