/** What a request is told that never reaches its route's work: wrong method, no key, not its role. */
import { OfferwrightError } from '../../core/contract/errors.ts'
import type { Caller } from './keys.ts'

interface Asked {
  /** As uWebSockets.js names it. */
  method: string
  path: string
}

export function methodName({ method }: Asked): string {
  return method === 'del' ? 'DELETE' : method.toUpperCase()
}

export function methodNotAllowed(method: string, path: string, allow: string): OfferwrightError {
  const message = `method not allowed: ${method} (${path} takes ${allow})`
  return new OfferwrightError('method_not_allowed', message, { field: 'method', value: method })
}

export function unauthorized(): OfferwrightError {
  return new OfferwrightError('unauthorized', 'an API key is needed: Authorization: Bearer <key>')
}

export function forbidden(route: Asked, caller: Caller): OfferwrightError {
  return new OfferwrightError('forbidden', `${methodName(route)} ${route.path} is not for role ${caller.role}`, {
    field: 'role',
    value: caller.role,
  })
}

export function untrusted({ name }: Caller): OfferwrightError {
  const message = `only a key that is trusted, or may publish, reverses redemptions: ${name} is neither`
  return new OfferwrightError('forbidden', message, { field: 'role', value: name })
}
