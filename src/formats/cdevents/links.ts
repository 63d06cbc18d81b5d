import { type Check, isObject, type Member, objectCheck, textCheck } from './check.ts'
import type { Problem } from './problem.ts'

/** How the schemas have the members of embedded links. `from` and `target` are open; a target without `contextId` is left to `lint`. */
const shapes: Record<string, (path: string) => Check> = {
  PATH: (path) => link(path, { from: { check: contextCheck(`${path}/from`, true), required: true } }),
  RELATION: (path) =>
    link(path, {
      linkKind: { check: textCheck(`${path}/linkKind`, { filled: true }), required: true },
      target: { check: contextCheck(`${path}/target`, false), required: true },
    }),
  END: (path) => link(path, { from: { check: contextCheck(`${path}/from`, true) } }),
}

type Named = Record<string, Member>

/** An open object with the id of another event's context. */
export const contextCheck = (path: string, required: boolean) => {
  const check = textCheck(`${path}/contextId`, { filled: true })
  return objectCheck(path, new Map([['contextId', required ? { check, required } : { check }]]), true)
}

const anything: Check = () => undefined

const link = (path: string, members: Named) =>
  objectCheck(
    path,
    new Map(Object.entries({ linkType: { check: anything }, tags: { check: anyObject(`${path}/tags`) }, ...members })),
  )

export const anyObject =
  (path: string): Check =>
  (value, problems) => {
    if (!isObject(value)) problems.push({ path, rule: 'type', message: 'must be an object' })
  }

/** Checks of the first links are made once; those of later ones when they come. */
const ready = Array.from({ length: 8 }, (_, index) => checksAt(index))

function checksAt(index: number): ReadonlyMap<unknown, Check> {
  return new Map(Object.entries(shapes).map(([linkType, shape]) => [linkType, shape(`/context/links/${index}`)]))
}

/** The links embedded in an event. The branch is chosen by `linkType`, so that problems name that which was meant. */
export function checkLinks(value: unknown, problems: Problem[]): void {
  if (!Array.isArray(value)) {
    problems.push({ path: '/context/links', rule: 'type', message: 'must be an array' })
    return
  }
  for (const [index, one] of value.entries()) {
    const check = (ready[index] ?? checksAt(index)).get(isObject(one) ? one.linkType : undefined)
    if (check) check(one, problems)
    else {
      const path = `/context/links/${index}`
      problems.push(
        isObject(one)
          ? {
              path: `${path}/linkType`,
              rule: 'link',
              message: 'must be PATH, RELATION or END: no other link is embedded',
            }
          : { path, rule: 'type', message: 'must be an object' },
      )
    }
  }
}
