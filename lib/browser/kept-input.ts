const storageKey = 'captcha-guard'

/** What users type is kept, but no secrets, no files, and nothing that the page's author excludes from the browser's own memory. */
const isKept = ({ type, autocomplete }: HTMLInputElement): boolean =>
  !/^(password|hidden|file|submit|button|image)$/.test(type) && !/^(off|cc-|one-time)/.test(autocomplete)

/** Keeps in the tab what the user typed, for the page that `backToForm` may lead to. */
export function keepInput(form: HTMLFormElement): void {
  const values = controlsOf(form).map((control) => isKept(control) && [control.value, control.checked])
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
    if (!/^captcha_/.test(`${url.searchParams.get('captcha')}`)) return false
    controlsOf(form).forEach((control, index) => {
      if (values[index] && isKept(control)) [control.value, control.checked] = values[index]
    })
    url.searchParams.delete('captcha')
    history.replaceState(history.state, '', url)
    return true
  } catch {
    return false
  }
}

const controlsOf = (form: HTMLFormElement) => [...form.elements] as HTMLInputElement[]
