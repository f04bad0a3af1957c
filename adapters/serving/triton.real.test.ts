import { createTriton, standIn } from "../../test/triton-server.ts";
import { createLocalStorage } from "../storage/local.ts";
import { servingContract } from "./contract.test-suite.ts";
import { createTritonServing } from "./triton.ts";

servingContract("the real Triton", async (root) => {
  const server = await createTriton(root);
  await server.start();
  const storage = standIn(createLocalStorage({ root }));
  const serving = createTritonServing({ storage, url: server.url, timeoutS: 60 });
  return {
    storage,
    serving,
    async close() {
      await serving.close();
      await server.stop();
    },
  };
});
