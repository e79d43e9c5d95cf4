import Audience
import ServiceLifecycle
import ServiceRuntime
import Transit

await ServiceMain.run(
    name: "scoring", about: "turns accepted events into facts: contacts, history, scores, stages, segments, consents",
    // Two that apply events, and one for those who look at contacts by themselves.
    settings: { reader in Worker.Settings(&reader, knowsErased: true, connections: 3) },
    services: { settings, context in
        let worker = try Worker(settings, context)
        worker.register(in: context.readiness)
        let deadLetters = DeadLetters(intake: worker.intake, sink: worker.setAside, logger: context.logger)
        let liveWork = LiveWork()
        return worker.services + Cleaner.all(of: worker) + [
            WorkerWatch(worker: worker, watched: .scoring, context: context), deadLetters,
            ReviewLoop(worker: worker, liveWork: liveWork), EventConsumer(worker: worker, liveWork: liveWork),
            CompanyRipple(worker: worker), LogKeeper(worker: worker, liveWork: liveWork), ConsentSealer(worker: worker),
        ]
    })
