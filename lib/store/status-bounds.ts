/** Longest status of one process, in bytes of UTF-8. */
export const maxStatusBytes = 8_192
/** Most statuses that are read at once. */
export const maxStatuses = 64
