import type { CaptchaStore, StoreSession } from '../../lib/index.js'

/** A store behind a line that hangs or refuses while a fault lasts. What hung may never be answered. */
export function faultyStore(store: CaptchaStore, faultNow: () => 'hangs' | 'rejects' | undefined): CaptchaStore {
  const guarded = <Arguments extends unknown[], Result>(operation: (...given: Arguments) => Promise<Result>) => {
    return (...given: Arguments): Promise<Result> => {
      switch (faultNow()) {
        case 'hangs':
          return new Promise(() => {})
        case 'rejects':
          return Promise.reject(new Error('READONLY'))
        case undefined:
          return operation(...given)
      }
    }
  }
  return {
    kind: store.kind,
    connect(context) {
      const session = store.connect(context)
      return {
        claim: guarded(session.claim),
        release: guarded(session.release),
        recordVerified: guarded(session.recordVerified),
        recordHistory: guarded(session.recordHistory),
        readHistory: guarded(session.readHistory),
        heartbeat: guarded(session.heartbeat),
        setOverride: guarded(session.setOverride),
      } satisfies StoreSession
    },
  }
}
