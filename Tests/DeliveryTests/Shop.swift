import TestSupport

/// The definitions that these tests run with.
enum Shop {
    static let files: [String: String] = [
        "workspace.yaml": shopSettings(topics: ["offers": "Yes, send me offers", "tracking": "You may see what I open"]
        ) + "locale: en\n",
        "emails/greeting/email.yaml": """
        subject: {en: Good day, nl: Goedendag}
        preheader: {en: From the shop, nl: Van de winkel}
        class: transactional
        """,
        "emails/greeting/body.txt.mustache": "Hello.\n",
        "emails/greeting/body.html.mustache": "<p>Hello.</p>\n",
        "emails/greeting/body.nl.txt.mustache": "Dag, {{event.properties.order}}.\n",
        "emails/greeting/body.nl.html.mustache": "<p>Dag.</p>\n",
        "personas.yaml": "personas: [{persona: maker, when: contact.maker}]\ndefault: visitor",
        "layouts/brand.html.mustache": "<html><title>{{message.subject}}</title><body>{{> body}}</body></html>",
        "emails/picked/email.yaml": """
        subject: {en: Picked, nl: Gekozen}
        class: transactional
        layout: brand
        preheader: {en: 'For {{contact.name}}', nl: 'Voor {{contact.name}}'}
        blocks: [{block: hero, variants: [{variant: pro, when: contact.pro}], default: all}]
        variants: [{persona: maker, subject: {en: For makers, nl: Voor makers}}]
        """,
        "emails/picked/body.html.mustache": "<p>Hello {{contact.nick | \"you\"}}</p>{{> hero}}",
        "emails/picked/body.nl.html.mustache": "<p>Dag {{contact.nick | \"jij\"}}</p>{{> hero}}",
        "emails/picked/hero.pro.html.mustache": "<ul><li><a href=\"https://shop.example/pro\">Pro</a></li></ul>",
        "emails/picked/hero.all.html.mustache": "<b>All</b>",
        "emails/receipt/email.yaml": "{subject: 'Receipt for {{contact.name}}', class: transactional}",
        "emails/receipt/body.txt.mustache": "Thank you.\n",
        "emails/order/email.yaml": "{subject: 'Order {{event.properties.order}}', class: transactional}",
        "emails/order/body.txt.mustache": "It is on its way.\n",
        "emails/news/email.yaml": "{subject: News, topic: offers}",
        "emails/news/body.txt.mustache": "News. No more: {{links.unsubscribe}}\n",
        "emails/offer/email.yaml": "{subject: Offer, topic: offers}",
        "emails/offer/body.txt.mustache": "An offer: https://shop.example/offer\n\nNo more: {{links.unsubscribe}}\n",
        "emails/offer/body.html.mustache":
            "<p><a href=\"https://shop.example/offer\">An offer</a> <a href=\"{{links.unsubscribe}}\">No more</a></p>\n",
    ]
}
