package org.vouchsafe.app

import androidx.compose.ui.test.junit4.createEmptyComposeRule
import androidx.test.ext.junit.runners.AndroidJUnit4
import org.junit.After
import org.junit.ClassRule
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith

/**
 * What staff do in a day, on the real activity with the real engine, and a real server on loopback. Run once more with the
 * classes as R8 leaves them.
 */
@RunWith(AndroidJUnit4::class)
class JourneyTest {
    @get:Rule val rule = createEmptyComposeRule()

    private val robot by lazy { AppRobot(rule).apply { allowCamera() } }

    @After
    fun `the phone is put down`() = robot.close()

    @Test
    fun `from enrolment to a claim that the server holds, offline and through a restart`() {
        Journey(rule, robot, office).walk()
    }

    companion object {
        @get:JvmStatic
        @get:ClassRule
        val server = ServerRule()

        private val office get() = server.office
    }
}
