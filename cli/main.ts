#!/usr/bin/env node
// Nothing is imported before Node's version is known: an older one would stop at a syntax error instead of this line.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `error environment: Node ${process.versions.node} is too old; Offerwright needs 20.19 or newer\n`,
  )
  process.exit(1)
}
const { runCli } = await import('./program.ts')
process.exitCode = await runCli(process.argv.slice(2))

export {}
