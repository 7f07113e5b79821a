import { startFile } from "./file.js";
import { startPaper } from "./paper.js";
import { startService } from "./service.js";
import { startTabs } from "./tabs.js";

startPaper();
startFile();
startService();
startTabs(document.querySelector("[role=tablist]"));
