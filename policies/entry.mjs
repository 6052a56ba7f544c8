// The engine's runner compiles TypeScript that it loads itself, under rules of its own. From here on Node does.
import "./index.ts";
