import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

function offerwright(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

const commands = [...offerwright('--help').stdout.matchAll(/^ {2}([a-z]+) {2}/gm)].map(([, name]) => name)

describe('the program', () => {
  it('prints the version of the package', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
    expect(offerwright('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
  })

  it('lists its commands', () => {
    expect(commands).toEqual(expect.arrayContaining(['demo', 'import', 'snapshot', 'decide']))
  })

  it.each(commands)('shows how %s is used, with an example', (name) => {
    const { status, stdout, stderr } = offerwright(name, '--help')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const subcommands = [...stdout.matchAll(/^ {2}([a-z]+) \[options\]/gm)].map(([, sub]) => sub)
    const pages = [stdout, ...subcommands.map((sub) => offerwright(name, sub, '--help').stdout)]
    expect(pages.some((page) => /Examples?:\n +\$ .*\bofferwright /.test(page))).toBe(true)
  })

  it('proposes the command that was meant', () => {
    expect(offerwright('decied')).toEqual({
      status: 2,
      stdout: '',
      stderr: "error usage: unknown command 'decied' (Did you mean decide?)\n",
    })
  })

  it('refuses an unknown option of a nested command in one line', () => {
    const { status, stderr } = offerwright('snapshot', 'list', '--jsno')
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: "error usage: unknown option '--jsno' (Did you mean --json?)\n",
    })
  })

  it('tells a refused value with its option', () => {
    const { status, stderr } = offerwright('decide', '--shop', 'No Shop')
    expect(status).toBe(2)
    expect(stderr).toMatch(/^error usage: option '--shop <id>' argument 'No Shop' is invalid\. .*\n$/)
  })

  it('answers a refusal of bad input with its code, field and value, and exit code 2', () => {
    const { status, stderr } = offerwright('snapshot', 'verify', 'abc', '--home', '/nonexistent')
    expect(status).toBe(2)
    expect(stderr).toBe('error unknown_snapshot: no snapshot starts with abc (id, "abc")\n')
  })
})
