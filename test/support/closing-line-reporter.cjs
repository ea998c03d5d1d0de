/** Ends the run with one plain line, and says what was skipped. */
class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    const skippedSuites = results.testResults
      .filter(({ numPendingTests, skipped }) => skipped || numPendingTests > 0)
      .map(({ testFilePath }) => testFilePath.slice(process.cwd().length + 1))
    if (skippedSuites.length > 0) {
      console.log(
        `\nSkipped, wholly or in part: ${skippedSuites.join(', ')}.\n` +
          'They need chromium, redis-server and a C compiler (cc); on Debian: ' +
          'apt-get install chromium redis-server gcc libc6-dev\n',
      )
    }
    const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites } = results
    const failed = numFailedTests + numRuntimeErrorTestSuites
    console.log(`${numPassedTests} passed, ${failed} failed, ${numPendingTests} skipped`)
  }
}

module.exports = ClosingLineReporter
