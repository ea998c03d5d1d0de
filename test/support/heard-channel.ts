import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach } from '@jest/globals'

const open: (() => void)[] = []

/** Listens on a channel until the test ends; what it heard, in order. */
export function hear<Message>(name: string, listen: (message: Message) => void = () => {}): Message[] {
  const heard: Message[] = []
  const take = (message: unknown) => {
    heard.push(message as Message)
    listen(message as Message)
  }
  subscribe(name, take)
  open.push(() => unsubscribe(name, take))
  return heard
}

afterEach(() => {
  for (const close of open.splice(0)) close()
})
