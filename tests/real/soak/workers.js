// SPDX-License-Identifier: MIT
// Four worker threads, compression, a hash, timers and a server that talks to itself.
'use strict';
const {Worker, isMainThread, parentPort} = require('worker_threads');

if (!isMainThread) {
    let sum = 0;
    for (let i = 0; i < 1e6; i++) sum = (sum + i * i) % 1000003;
    parentPort.postMessage(sum);
} else {
    const zlib = require('zlib');
    const packed = zlib.gzipSync(Buffer.alloc(100000, 'abc'));
    console.log(process.arch, zlib.gunzipSync(packed).length,
                require('crypto').createHash('sha256').update('x').digest('hex').slice(0, 8));
    let left = 4;
    let total = 0;
    for (let i = 0; i < 4; i++) {
        new Worker(__filename).on('message', sum => {
            total += sum;
            if (--left === 0) console.log('workers', total);
        });
    }
    const server = require('http').createServer((request, response) => response.end('hello ' + request.url));
    server.listen(0, '127.0.0.1', () => {
        require('http').get({port: server.address().port, path: '/x', agent: false}, response => {
            let text = '';
            response.on('data', data => text += data);
            response.on('end', () => {
                console.log(text);
                server.close();
            });
        });
    });
}
