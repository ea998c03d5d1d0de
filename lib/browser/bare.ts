/**
 * Returns a form or document with the properties of its class alone. Fields named `elements` or `requestSubmit` hide those of their
 * form, and images named `currentScript` those of the document: such markup, which sanitizers let by, could otherwise send a form
 * without its ticket, or name the script that the kit loads.
 */
export function bare<Target extends HTMLFormElement | Document>(node: Target): Target {
  return new Proxy(node, {
    get(target, name) {
      const value: unknown = Reflect.get(Object.getPrototypeOf(target), name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
