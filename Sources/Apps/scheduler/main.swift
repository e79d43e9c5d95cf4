import Journeys
import ServiceLifecycle
import ServiceRuntime
import Transit

await ServiceMain.run(
    name: "scheduler", about: "starts, advances and ends the runs of journeys, and plans their messages",
    settings: { reader in Worker.Settings(&reader) },
    services: { settings, context in
        let worker = try Worker(settings, context)
        worker.register(in: context.readiness)
        let desk = TestDesk()
        return worker.services + [
            WorkerWatch(worker: worker, watched: .scheduler, context: context), TimerLoop(worker: worker, desk: desk),
            SignalConsumer(worker: worker, desk: desk), BroadcastLoop(worker: worker, desk: desk),
        ]
    })
