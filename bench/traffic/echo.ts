/** Echoes what it gets: the upstream of the TCP latency measurement. `echo.js PORT` */
import { createServer } from 'node:net';

createServer({ noDelay: true }, (socket) => {
  socket.on('data', (data) => socket.write(data));
  socket.on('error', () => socket.destroy());
}).listen(Number(process.argv[2]), '127.0.0.1');
