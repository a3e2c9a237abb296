// @protoloom/node: a stack on Node's event loop.
export { Driver, type DriverTimer, type MakeTimer } from './driver.js';
export { inlineMore } from './engine.js';
export { type NodeHost, type NodeHostOptions, startHost } from './host.js';
export { connectStream, listenOn, openServing, type StreamServer, serveConnections, serveStreams } from './serve.js';
export { SocketStream } from './stream.js';
export { VERSION } from './version.js';
