/** How long work is shown: one line that is written over on a terminal, one plain line per step anywhere else. */

export interface Step {
  stage: string
  done: number
  total: number
  message: string
}

export interface ProgressView {
  show: (step: Step) => void
  /** Ends the line, so that what is printed next starts on its own. */
  end: () => void
}

/** On standard error by default: standard output is for results. */
export function progressView(stream: NodeJS.WriteStream = process.stderr): ProgressView {
  return stream.isTTY ? lineView(stream) : plainView(stream)
}

const CLEAR_LINE = '\r\u001b[K'

function lineView(stream: NodeJS.WriteStream): ProgressView {
  let shown = ''
  const show = (step: Step) => {
    const text = `${step.stage} ${percent(step)} ${step.message}`
    if (text === shown) return
    shown = text
    stream.write(`${CLEAR_LINE}${text.slice(0, stream.columns - 1)}`)
  }
  const end = () => {
    if (shown !== '') stream.write(CLEAR_LINE)
    shown = ''
  }
  return { show, end }
}

function plainView(stream: NodeJS.WriteStream): ProgressView {
  let shown = ''
  const show = ({ stage, message }: Step) => {
    const text = `${stage}: ${message}`
    if (text === shown) return
    shown = text
    stream.write(`${text}\n`)
  }
  return { show, end: () => {} }
}

function percent({ done, total }: Step): string {
  return `${total > 0 ? Math.floor((100 * done) / total) : 100} %`
}
