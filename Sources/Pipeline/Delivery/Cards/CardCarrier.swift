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
                return putOff(claimed, "this mailer has no LOODS_POST_FOLDER")
            }
            let pdf = try await print(card)
            switch cleared.workspace.post {
            case .webhook(let webhook)?:
                return try await calls.handover(
                    claimed, to: webhook, of: cleared.workspace.name, body: card.body(with: pdf).serialized)
            case .folder?:
                return .ready(
                    CardHandover(
                        claimed: claimed, folder: "\(folder ?? "")/\(cleared.workspace.name)", pdf: pdf,
                        text: card.body(with: nil).serialized, retries: calls.retries, now: worker.clock.now))
            case nil: throw MissingTemplate(name: claimed.message.template)
            }
        } catch is CancellationError {
            return .settled(.giveBack(claimed, at: worker.clock.now))
        } catch let error as CardError {
            return putOff(claimed, "\(error)")
        } catch {
            worker.logger.error(
                "a postcard cannot be composed",
                metadata: ["template": "\(claimed.message.template)", "reason": "\(error)"])
            return .settled(Report(claimed: claimed, outcome: .refused, reply: "not composed: \(error)"))
        }
    }

    private func print(_ card: Card) async throws -> [UInt8] {
        await presses.enter()
        let result: Result<[UInt8], any Error>
        do { result = .success(try await printer.print(card.document)) } catch { result = .failure(error) }
        await presses.leave()
        let file = try result.get()
        guard let cut = PDFBoxes.adding(bleed: CardFormat.bleed, of: CardFormat.page, to: file, pages: 2) else {
            throw CardError("Chromium made no PDF of two pages")
        }
        return cut
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
        document = CardFormat.document(
            front: try definition.front.render(values), back: try definition.back.render(values))
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

/// A card that is ready to be put into a folder, as `ID.pdf` and, once that is there, `ID.json`.
private struct CardHandover: Handover {
    let claimed: Claims.Claimed
    let folder: String
    let pdf: [UInt8]
    let text: [UInt8]
    let retries: Retries
    let now: Timestamp

    func abandon() async {}

    func commit(before end: ContinuousClock.Instant) async -> Report {
        guard .now < end else { return .giveBack(claimed, at: now) }
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let base = URL(fileURLWithPath: folder).appendingPathComponent(claimed.message.id.description)
            // Atomic: written beside, then renamed; what is there of an earlier try is the same, and gives way.
            try Data(pdf).write(to: base.appendingPathExtension("pdf"), options: .atomic)
            try Data(text).write(to: base.appendingPathExtension("json"), options: .atomic)
            CrashPoint.mailerAfterReply.pass()
            return Report(claimed: claimed, outcome: .accepted, reply: "in the folder")
        } catch {
            let reply = "the folder: \(error.localizedDescription)"
            guard let next = retries.next(after: claimed.deferrals, at: now) else {
                return Report(claimed: claimed, outcome: .refused, reply: reply)
            }
            return Report(claimed: claimed, outcome: .deferred(retryAt: next), reply: reply)
        }
    }
}

extension Workspace {
    /// The card of a message; nil for other messages, and where the definitions have no such card.
    func postcard(of message: Message) -> PostcardDefinition? {
        guard message.channel == .postcard else { return nil }
        return postcards[String(message.template.dropFirst("postcard:".count))]
    }
}
