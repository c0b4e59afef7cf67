// Prints a line for each exit that pm2's daemon tells of: {"id": number of the replica, "at": wall-clock ms}.
const pm2 = require(process.argv[2]);

const fail = (error) => {
  console.error(error);
  process.exit(1);
};

pm2.connect((error) => {
  if (error) fail(error);
  pm2.launchBus((error, bus) => {
    if (error) fail(error);
    bus.on('process:event', ({ event, process: { pm_id } }) => {
      if (event === 'exit') process.stdout.write(`${JSON.stringify({ id: pm_id, at: Date.now() })}\n`);
    });
  });
});
