// Loaded before a program that must not outlive the sandbox, which holds the other end of its standard input.
process.stdin.on("end", () => process.exit());
process.stdin.resume();
process.stdin.unref();
