import { accept, type Refusal, refuse, type Verdict } from '../api/verdict.ts'

/** Kubernetes' LabelSelector (apimachinery, meta/v1): all of `matchLabels` and all of `matchExpressions` must hold. */
export type LabelSelector = {
  matchLabels?: Readonly<Record<string, string>>
  matchExpressions?: readonly LabelRequirement[]
}

/** `values` is given for In and NotIn, and only for them. `operator` is In, NotIn, Exists or DoesNotExist. */
export type LabelRequirement = { key: string; operator: string; values?: readonly string[] }

export type Labels = Readonly<Record<string, string>>

export type LabelTest = (labels: Labels | undefined) => boolean

/**
 * A selector made ready. Left out or empty it selects all; NotIn and DoesNotExist hold for objects without the label.
 * Refused as `reason` where the API server would refuse it, too.
 */
export function compileSelector(selector: LabelSelector | undefined, reason = 'SelectorInvalid'): Verdict<LabelTest> {
  const equalities = Object.entries(selector?.matchLabels ?? {})
  const tests: ((labels: Labels) => boolean)[] = []
  for (const [key, value] of equalities) {
    const problem = keyProblem(key) ?? valueProblem(key, value)
    if (problem) return refuse(reason, `matchLabels: ${problem}`)
    tests.push((labels) => Object.hasOwn(labels, key) && labels[key] === value)
  }
  for (const requirement of selector?.matchExpressions ?? []) {
    const test = compileRequirement(requirement, reason)
    if (!test.ok) return test
    tests.push(test.value)
  }
  return accept((labels = none) => {
    for (const test of tests) if (!test(labels)) return false
    return true
  })
}

const none: Labels = {}

function compileRequirement(requirement: LabelRequirement, reason: string): Verdict<(labels: Labels) => boolean> {
  const { key, operator } = requirement
  const values = new Set(requirement.values)
  const wrong = (problem: string): Refusal => refuse(reason, `matchExpressions: ${problem}`)
  const invalidKey = keyProblem(key)
  if (invalidKey) return wrong(invalidKey)
  for (const value of values) {
    const problem = valueProblem(key, value)
    if (problem) return wrong(problem)
  }
  const has = (labels: Labels) => Object.hasOwn(labels, key)
  const among = (labels: Labels) => values.has(labels[key] as string)
  const needsValues = operator === 'In' || operator === 'NotIn'
  if (needsValues && values.size === 0) return wrong(`${key}: values must be given for ${operator}`)
  if (!needsValues && values.size > 0) return wrong(`${key}: values are only for In and NotIn`)
  if (operator === 'In') return accept((labels) => has(labels) && among(labels))
  if (operator === 'NotIn') return accept((labels) => !has(labels) || !among(labels))
  if (operator === 'Exists') return accept(has)
  if (operator === 'DoesNotExist') return accept((labels) => !has(labels))
  return wrong(`${key}: the operator is one of In, NotIn, Exists, DoesNotExist, not ${operator}`)
}

// apimachinery, util/validation: IsQualifiedName and IsValidLabelValue.
const name = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const prefix = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

function keyProblem(key: string): string | undefined {
  const slash = key.indexOf('/')
  const domain = slash < 0 ? undefined : key.slice(0, slash)
  const valid =
    name.test(key.slice(slash + 1)) && (domain === undefined || (domain.length <= 253 && prefix.test(domain)))
  return valid ? undefined : `${JSON.stringify(key.slice(0, 320))} is not the name of a label`
}

function valueProblem(key: string, value: string): string | undefined {
  return value === '' || name.test(value)
    ? undefined
    : `${key}: ${JSON.stringify(value.slice(0, 64))} is not a label's value`
}
