import fc from 'fast-check'

// The same cases in every run, so that a mutant that one run kills does not survive the next.
fc.configureGlobal({ seed: 20260101 })
