import Links
import Model
import Synchronization

/// The links of mails whose readers are not known by them. They are the same for all readers of a step's mail, so each is signed
/// once.
final class CountedLinks: Sendable {
    /// Steps' mails, and links of each, that are kept in mind.
    private static let most = (mails: 1_000, links: 200)

    fileprivate struct Key: Hashable {
        var workspace: WorkspaceID
        var mail: CountedMail
        var publicURL: String
    }

    /// Those of one step's mail.
    final class Page: Sendable {
        /// The address of its pixel.
        let pixel: String
        private let sign: @Sendable (_ destination: String) -> String?
        private let links = Mutex<[String: String]>([:])

        fileprivate init(_ key: Key, _ signer: LinkSigner) throws(LinkError) {
            let nobody = LinkOrigin.nobody(in: key.workspace)
            pixel = "\(key.publicURL)/p/" + (try signer.sign(.countedOpen(nobody, key.mail)))
            sign = { destination in
                (try? signer.sign(.countedClick(nobody, key.mail, destination: destination))).map {
                    "\(key.publicURL)/a/\($0)"
                }
            }
        }

        /// The address that stands for another; the other itself where it cannot be signed, since it still leads where it should.
        func link(to destination: String) -> String {
            if let known = links.withLock({ $0[destination] }) { return known }
            let link = sign(destination) ?? destination
            links.withLock { links in
                // Where merge fields make each reader's another there is no end of them.
                if links.count >= CountedLinks.most.links { links = [:] }
                links[destination] = link
            }
            return link
        }
    }

    private let signer: LinkSigner
    private let pages = Mutex<[Key: Page]>([:])

    init(signer: LinkSigner) { self.signer = signer }

    func page(of mail: CountedMail, in workspace: WorkspaceID, at publicURL: String) throws(LinkError) -> Page {
        let key = Key(workspace: workspace, mail: mail, publicURL: publicURL)
        if let known = pages.withLock({ $0[key] }) { return known }
        let page = try Page(key, signer)
        pages.withLock { pages in
            if pages.count >= Self.most.mails { pages = [:] }
            pages[key] = page
        }
        return page
    }
}
