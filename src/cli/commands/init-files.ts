/** The packages of a new project. */
export function initPackages(sluice: string): Readonly<Record<string, string>> {
  return { sluice, zod: '4.6.7' };
}

/**
 * The files of a new project, by path. It runs without a network once its packages are installed.
 */
export function initFiles(
  name: string,
  packages: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return {
    'package.json': json({
      name,
      private: true,
      type: 'module',
      scripts: {
        dev: 'sluice dev',
        build: 'sluice build --out build',
        start: 'sluice start build',
      },
      dependencies: packages,
    }),
    'tasks/hello.ts': HELLO,
    'sluice.config.ts': CONFIG,
    'tsconfig.json': json({
      compilerOptions: {
        target: 'es2023',
        module: 'nodenext',
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        allowImportingTsExtensions: true,
        erasableSyntaxOnly: true,
        verbatimModuleSyntax: true,
      },
      include: ['tasks', 'sluice.config.ts'],
    }),
    '.gitignore': 'node_modules/\nbuild/\n.sluice/\n',
    'README.md': readme(name),
  };
}

const HELLO = `import { task } from 'sluice';
import { z } from 'zod';

export const hello = task('hello', {
  description: 'Greets someone, slowly.',
  input: z.object({ name: z.string().min(1) }),
  output: z.object({ greeting: z.string() }),
  retries: 3,
  timeout: '30s',
  run: async ({ name }, ctx) => {
    ctx.log.info('greeting', { name });
    return { greeting: \`Hello, \${name}!\` };
  },
});
`;

const CONFIG = `import { defineConfig } from 'sluice';

export default defineConfig({
  tasks: 'tasks',
  port: 7070,
});
`;

function readme(name: string): string {
  return `# ${name}

Tasks that answer at once and run later, with Sluice.

\`\`\`sh
npm install
npm run dev
\`\`\`

Then, in another terminal:

\`\`\`sh
npx sluice enqueue hello '{"name":"Ada"}' --wait 10s
curl -i http://127.0.0.1:7070/v1/tasks/hello -H 'content-type: application/json' -d '{"name":"Ada"}'
\`\`\`

Tasks live in \`tasks/\`: change one, and the running server takes it over. For production, \`npm run build\` and \`npm start\`.
\`npx sluice doctor\` checks the set-up.
`;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
