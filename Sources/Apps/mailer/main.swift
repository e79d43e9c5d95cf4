import Delivery
import Links
import SMTP
import ServiceLifecycle
import ServiceRuntime
import Transit

await ServiceMain.run(
    name: "mailer", about: "claims planned messages, asks the gate, and delivers them over SMTP",
    settings: { reader in MailerSettings(&reader) },
    services: { settings, context in
        let worker = try Worker(settings.worker, context)
        worker.register(in: context.readiness)
        let mailer = MailerService(worker: worker, settings: try settings.delivery())
        context.readiness.register("lineage") { await mailer.obstacle.map { .notReady($0) } ?? .ready }
        context.readiness.register("postcards") { mailer.missingChromium.map { .limited($0) } ?? .ready }
        return worker.services + [
            WorkerWatch(worker: worker, watched: .mailer, context: context), WithdrawalConsumer(worker: worker),
            ReturnsConsumer(worker: worker), mailer,
        ]
    })
