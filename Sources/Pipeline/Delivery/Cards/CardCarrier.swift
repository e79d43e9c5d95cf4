import Content
import CrashPoints
import Foundation
import JourneyProgram
import Logging
import Model
import Store
import Transit
import Workspaces

/// Postcards: made by Chromium, and given to a provider by a signed request, or put into a folder.
///
/// Either knows a card again by its message's id, so that what nobody knows the end of is made again, and nothing is
/// `unknown`.
struct CardCarrier: Carrier {
    let worker: Worker
    let printer: CardPrinter
    /// Where cards lie that go to a folder; nil: nowhere here.
    let folder: String?
    private let calls: CallCarrier
    private let presses = Slots(2)
    let mostHanded = 16
    let attempts = "loods_postcard_attempts_total"

    init(worker: Worker, settings: DeliverySettings, chromium: String) {
        self.worker = worker
        printer = CardPrinter(program: chromium)
        folder = settings.postFolder
        calls = CallCarrier(worker: worker, settings: settings)
    }

    func prepare(_ cleared: ClaimDesk.Cleared, begun start: ContinuousClock.Instant) async -> Preparation {
        let claimed = cleared.claimed
        CrashItem.mail.handle(CollectionOfOne(claimed.message.template))
        do {
            let card = try Card(cleared)
            if case .folder? = cleared.workspace.post, folder == nil {
                return wait(claimed, "this mailer has no LOODS_POST_FOLDER")
            }
            let pdf = try await print(card.document)
            switch cleared.workspace.post {
            case .webhook(let webhook)?:
                return try await calls.handover(
                    claimed, to: webhook, of: cleared.workspace.name, body: card.body(with: pdf).serialized)
            case .folder?:
                return .ready(
                    CardHandover(
                        claimed: claimed, folder: "\(folder ?? "")/\(cleared.workspace.name)", pdf: pdf,
                        text: card.body(with: nil).serialized, now: worker.clock.now))
            case nil: throw MissingTemplate(name: claimed.message.template)
            }
        } catch is CancellationError {
            return .settled(.giveBack(claimed, at: worker.clock.now))
        } catch let error as CardError {
            if await isMachines(error) { return wait(claimed, "\(error)") }
            return putOff(claimed, "\(error)")
        } catch {
            worker.logger.error(
                "a postcard cannot be composed",
                metadata: ["template": "\(claimed.message.template)", "reason": "\(error)"])
            return .settled(Report(claimed: claimed, outcome: .refused, reply: "not composed: \(error)"))
        }
    }

    private func print(_ document: String) async throws -> [UInt8] {
        await presses.enter()
        let result: Result<[UInt8], any Error>
        do { result = .success(try await printer.print(document)) } catch { result = .failure(error) }
        await presses.leave()
        let file = try result.get()
        guard let cut = PDFBoxes.adding(bleed: CardFormat.bleed, of: CardFormat.page, to: file, pages: 2) else {
            throw CardError("Chromium made no PDF of two pages")
        }
        return cut
    }

    /// Whether an empty card cannot be made either.
    private func isMachines(_ error: CardError) async -> Bool {
        if error.isMachines { return true }
        return (try? await print(CardFormat.document(front: "", back: ""))) == nil
    }

    /// What is no fault of the card's uses up no attempt of it: it waits until this machine, or another, can make it.
    private func wait(_ claimed: Claims.Claimed, _ reason: String) -> Preparation {
        worker.logger.error(
            "postcards wait for their machine",
            metadata: ["template": "\(claimed.message.template)", "reason": "\(reason)"])
        return .settled(.wait(claimed, reason, at: worker.clock.now))
    }

    private func putOff(_ claimed: Claims.Claimed, _ reason: String) -> Preparation {
        worker.logger.error(
            "a postcard is put off", metadata: ["template": "\(claimed.message.template)", "reason": "\(reason)"])
        return .settled(calls.putOff(claimed, reason))
    }

    func untilPaused() async { await calls.untilPaused() }

    func shutdown() async { await calls.shutdown() }
}

/// One card: its sides, its address, and what is said with it.
private struct Card {
    let document: String
    private let address: [String: String]
    private let message: Message
    private let workspace: String

    /// - Throws: `TemplateError` or `MissingTemplate`: it cannot be made as it is defined.
    init(_ cleared: ClaimDesk.Cleared) throws {
        message = cleared.claimed.message
        workspace = cleared.workspace.name
        guard let definition = cleared.workspace.postcard(of: message),
            let address = definition.address.parts(of: cleared.attributes)
        else { throw MissingTemplate(name: message.template) }
        self.address = address
        var event: [String: JSON] = [:]
        if let entry = cleared.entry { event = ["name": .string(entry.name), "properties": entry.properties] }
        let values: [String: JSON] = [
            "contact": .object(cleared.attributes), "event": .object(event),
            "address": .object(address.mapValues { .string($0) }),
            "workspace": .object([
                "name": .string(workspace), "address": .string(cleared.workspace.postalAddress),
            ]),
        ]
        let sides = definition.sides(for: cleared.attributes)
        document = CardFormat.document(front: try sides.front.render(values), back: try sides.back.render(values))
    }

    /// - Parameter pdf: nil where it lies beside.
    func body(with pdf: [UInt8]?) -> JSON {
        var members: [String: JSON] = [
            "id": .string(message.id.description), "workspace": .string(workspace), "journey": .string(message.journey),
            "step": .string(message.step), "visit": .int(Int64(message.visit)),
            "contact_id": .string(message.contact.contact.description),
            "address": .object(address.mapValues { .string($0) }), "format": CardFormat.told,
        ]
        if let pdf { members["pdf"] = .string(Data(pdf).base64EncodedString()) }
        return .object(members)
    }
}

/// A card that is ready to be put into a folder.
private struct CardHandover: Handover {
    let claimed: Claims.Claimed
    let folder: String
    let pdf: [UInt8]
    let text: [UInt8]
    let now: Timestamp

    func abandon() async {}

    func commit(before end: ContinuousClock.Instant) async -> Report {
        guard .now < end else { return .giveBack(claimed, at: now) }
        do {
            try await CardFiles.work {
                try CardFolder(path: folder).put(claimed.message.id.description, pdf: pdf, text: text)
            }
            CrashPoint.mailerAfterReply.pass()
            return Report(claimed: claimed, outcome: .accepted, reply: "in the folder")
        } catch {
            let reason = (error as? CardError)?.description ?? error.localizedDescription
            return .wait(claimed, "the folder: \(reason)", at: now)
        }
    }
}

extension Report {
    /// Planned again in a minute, as no attempt: what keeps the card is the machine.
    fileprivate static func wait(_ claimed: Claims.Claimed, _ reason: String, at machineNow: Timestamp) -> Report {
        Report(claimed: claimed, outcome: .returned(retryAt: machineNow + .minutes(1)), reply: reason)
    }
}

extension Workspace {
    /// The card of a message; nil for other messages, and where the definitions have no such card.
    func postcard(of message: Message) -> PostcardDefinition? {
        guard message.channel == .postcard else { return nil }
        return postcards[String(message.template.dropFirst("postcard:".count))]
    }
}
