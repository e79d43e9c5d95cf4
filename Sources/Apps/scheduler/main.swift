import Journeys
import ServiceLifecycle
import ServiceRuntime
import Transit

await ServiceMain.run(
    name: "scheduler", about: "starts, advances and ends the runs of journeys, and plans their messages",
    settings: { reader in
        let worker = Worker.Settings(&reader)
        let catchUpRate = reader.int(
            "LOODS_CATCH_UP_RATE", in: 1...1_000_000, default: 20_000, unit: "contacts a second",
            meaning: "How fast this process goes to contacts whose timers are late by 10 s or more; others go first.")
        return (worker: worker, catchUpRate: catchUpRate)
    },
    services: { settings, context in
        let worker = try Worker(settings.worker, context)
        worker.register(in: context.readiness)
        let desk = TestDesk()
        return worker.services + [
            WorkerWatch(worker: worker, watched: .scheduler, context: context),
            TimerLoop(worker: worker, catchUpRate: settings.catchUpRate, desk: desk),
            SignalConsumer(worker: worker, desk: desk), BroadcastLoop(worker: worker, desk: desk),
        ]
    })
