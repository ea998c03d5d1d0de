const prefix = 'known:'

/** The key of an identity that the application vouches for. No address and no client key begins like it. */
export function vouchedKey(identity: string): string {
  return `${prefix}${identity}`
}

/** Whether a key is an identity that the application vouches for. */
export function isVouchedFor(key: string): boolean {
  return key.startsWith(prefix)
}
