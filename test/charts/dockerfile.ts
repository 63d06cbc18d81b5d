import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

export type Instruction = { name: string; flags: Record<string, string>; args: string[]; text: string }
export type Stage = { image: string; name: string; instructions: Instruction[] }

/** Reads as much of the Dockerfile format as ours uses: comments, continued lines, flags, the JSON form, and arguments for FROM. */
export function readDockerfile(path: string): Stage[] {
  const text = readFileSync(path, 'utf8')
    .replace(/^#.*\n/gm, '')
    .replaceAll('\\\n', ' ')
  const stages: Stage[] = []
  const defaults = new Map<string, string>()
  for (const line of text.split('\n').filter((line) => line.trim() !== '')) {
    const instruction = readInstruction(line)
    if (instruction.name === 'ARG' && stages.length === 0) {
      const [name = '', value = ''] = instruction.text.split(/=(.*)/s)
      defaults.set(name, value)
    } else if (instruction.name === 'FROM') {
      const [image = '', , name = ''] = instruction.args
      const filled = image.replace(/^\$\{(\w+)\}$/, (whole, key: string) => defaults.get(key) ?? whole)
      stages.push({ image: filled, name, instructions: [] })
    } else stages.at(-1)?.instructions.push(instruction)
  }
  return stages
}

function readInstruction(line: string): Instruction {
  const [name = '', ...words] = line.trim().split(/\s+/)
  const flags: Record<string, string> = {}
  while (words[0]?.startsWith('--')) {
    const [flag = '', value = ''] = (words.shift() ?? '').slice(2).split('=')
    flags[flag] = value
  }
  const text = words.join(' ')
  return { name, flags, text, args: text.startsWith('[') ? (JSON.parse(text) as string[]) : words }
}

/**
 * Carries a stage out in the folder `root`, which stands for the image's root: COPY and WORKDIR within it, RUN in its working
 * directory, with this machine's tools. `sources` are the folders that COPY takes from: '' for the context, else by stage.
 */
export function carryOut(stage: Stage, root: string, sources: Record<string, string>): void {
  let workdir = '/'
  for (const { name, flags, args, text } of stage.instructions) {
    switch (name) {
      case 'WORKDIR':
        workdir = text
        mkdirSync(join(root, workdir), { recursive: true })
        break
      case 'COPY':
        copy(args, sources[flags.from ?? ''] ?? '', inside(root, workdir, args.at(-1) ?? ''))
        break
      case 'RUN': {
        const { status, stdout, stderr } = spawnSync('sh', ['-c', text], { cwd: join(root, workdir), encoding: 'utf8' })
        if (status !== 0) throw new Error(`RUN ${text} ended with ${status}\n${stdout}${stderr}`)
        break
      }
      case 'LABEL':
      case 'ENV':
      case 'USER':
      case 'EXPOSE':
      case 'ENTRYPOINT':
      case 'CMD':
        break
      default:
        throw new Error(`${name} is not known here`)
    }
  }
}

const inside = (root: string, workdir: string, path: string) => join(root, path.startsWith('/') ? '' : workdir, path)

/** COPY: files go into the folder, of a folder its content does. */
function copy(args: string[], from: string, to: string): void {
  for (const path of args.slice(0, -1)) {
    const source = join(from, path)
    cpSync(source, statSync(source).isDirectory() ? to : join(to, basename(path)), { recursive: true })
  }
}

/** Copies what git tracks, as it stands in the checkout, and what .dockerignore lets through: the build's context. */
export function makeContext(checkout: string, context: string): void {
  const allowed = readFileSync(join(checkout, '.dockerignore'), 'utf8')
    .split('\n')
    .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []))
  const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: checkout, encoding: 'utf8' })
    .split('\0')
    .filter(Boolean)
  for (const path of tracked) {
    if (!allowed.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))) continue
    mkdirSync(dirname(join(context, path)), { recursive: true })
    cpSync(join(checkout, path), join(context, path))
  }
}
