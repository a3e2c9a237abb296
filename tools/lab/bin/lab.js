#!/usr/bin/env node
await import('../dist/main.js').then(({ main }) => main(process.argv.slice(2)));
