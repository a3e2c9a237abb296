#!/usr/bin/env node
import('../dist/main.js').then(
  ({ main }) => main(process.argv.slice(2)),
  (error) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.error(`protoloom is not built: run \`npm run build\` in the checkout (${error.message.split('\n')[0]})`);
    process.exitCode = 2;
  },
);
