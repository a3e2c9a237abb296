// The protoloom command: its subcommands, and what a user's mistake ends with.
import { UsageError } from './usage.js';
import { VERSION } from './version.js';

interface Command {
  readonly summary: string;
  load(): Promise<{ run(argv: readonly string[]): Promise<number>; readonly HELP: string }>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  up: { summary: 'run a host on a TAP or TUN device, with services', load: () => import('./up.js') },
  demo: { summary: "show the kernel's own tools working against a host", load: () => import('./demo/demo.js') },
  packetdrill: { summary: 'run packetdrill scripts against a host, in virtual time', load: () => import('@protoloom/packetdrill/command') },
  describe: { summary: 'print what a host is assembled from', load: () => import('./describe.js') },
};

const help = (): string => {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`);
  return `usage: protoloom COMMAND [OPTION]...\n\n${lines.join('\n')}\n\n  protoloom COMMAND --help tells a command's options; --version the version.\n`;
};

/** Runs one command; sets the exit code: 0, 1 where it failed, 2 for a mistake of the user's or a machine that lacks something. */
export async function main(argv: readonly string[]): Promise<void> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(help());
    process.exitCode = name === undefined ? 2 : 0;
    return;
  }
  if (name === '--version') {
    process.stdout.write(`${VERSION}\n`);
    return;
  }
  try {
    const command = COMMANDS[name];
    if (command === undefined) throw new UsageError(`there is no command ${name}; there is ${Object.keys(COMMANDS).join(', ')}`);
    const { run, HELP } = await command.load();
    if (rest.includes('--help') || rest.includes('-h')) {
      process.stdout.write(HELP);
      return;
    }
    process.exitCode = await run(rest);
  } catch (error) {
    const told = UsageError.from(error);
    if (told === undefined) throw error;
    process.stderr.write(`protoloom: ${told.message}\n`);
    process.exitCode = 2;
  }
}
