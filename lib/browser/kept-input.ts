const storageKey = 'captcha-guard'

/** Keeps in the tab what the user typed, for the page that `backToForm` may lead to. */
export function keepInput(form: HTMLFormElement): void {
  const values = keptControls(form).map(({ value, checked }) => ({ value, checked }))
  try {
    sessionStorage.setItem(storageKey, JSON.stringify([form.action, values]))
  } catch {
    // Without storage the form comes back empty.
  }
}

/** Puts back what `keepInput` has kept if `backToForm` led to this page, and forgets it. Returns whether it did. */
export function restoreInput(form: HTMLFormElement): boolean {
  try {
    const url = new URL(location.href)
    const [action, values] = JSON.parse(sessionStorage.getItem(storageKey) as string)
    if (action !== form.action) return false
    sessionStorage.removeItem(storageKey)
    if (!/^captcha_/.test(url.searchParams.get('captcha') as string)) return false
    for (const [index, control] of keptControls(form).entries()) Object.assign(control, values[index])
    url.searchParams.delete('captcha')
    history.replaceState(history.state, '', url)
    return true
  } catch {
    return false
  }
}

const keptControls = (form: HTMLFormElement) =>
  ([...form.elements] as HTMLInputElement[]).filter(
    ({ type, autocomplete }) =>
      !/^(password|hidden|file|submit|button)| (off|cc-|one-time)/.test(`${type} ${autocomplete}`),
  )
