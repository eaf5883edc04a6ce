package org.vouchsafe.app

import org.junit.rules.ExternalResource
import org.junit.rules.TemporaryFolder
import org.vouchsafe.core.Office

class ServerRule : ExternalResource() {
    val dir = TemporaryFolder()
    lateinit var office: Office
        private set

    override fun before() {
        dir.create()
        office = Office(dir.root)
    }

    override fun after() {
        office.close()
        dir.delete()
    }
}
