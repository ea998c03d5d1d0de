import type { LookupAddress } from 'node:dns'
import net from 'node:net'
import type { Clock } from '../clock.js'
import { HostAddresses } from './host-addresses.js'
import type { Found, LookupQueue } from './lookup-queue.js'

/** Where connections of one kind go. */
export interface AddressSource {
  /** The addresses to connect to now; `undefined` where a lookup has to be waited for. */
  get(): readonly LookupAddress[] | undefined
  /** Waits for the lookup under way. Returns a function after which `done` is not called. */
  wait(done: (found: Found) => void): () => void
  isProven(address: string): boolean
  /** An answer with a `CaptchaCode` came from this address. */
  noteProven(address: LookupAddress): void
}

/** The addresses of one host, for the callers' connections and for the canary's. */
export interface AddressSources {
  readonly calls: AddressSource
  readonly canary: AddressSource
  close(): void
}

/** Makes the sources of a host's addresses; an IP address needs no lookup. */
export function addressSources(host: string, clock: Clock, lookups: LookupQueue): AddressSources {
  const family = net.isIP(host)
  if (family !== 0) {
    const addresses = [{ address: host, family }]
    const literal: AddressSource = {
      get: () => addresses,
      wait: () => () => {},
      isProven: () => true,
      noteProven() {},
    }
    return { calls: literal, canary: literal, close() {} }
  }
  const known = new HostAddresses(host, clock, lookups)
  const shared: Omit<AddressSource, 'get'> = {
    wait: (done) => known.wait(done),
    isProven: (address) => known.isProven(address),
    noteProven: (address) => known.noteProven(address),
  }
  return {
    calls: { ...shared, get: () => known.get() },
    canary: { ...shared, get: () => known.getForCanary() },
    close: () => known.close(),
  }
}
