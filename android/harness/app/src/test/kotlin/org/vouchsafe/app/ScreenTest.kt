package org.vouchsafe.app

import androidx.compose.ui.test.assertIsDisplayed
import androidx.compose.ui.test.junit4.createAndroidComposeRule
import androidx.compose.ui.test.onNodeWithText
import androidx.test.ext.junit.runners.AndroidJUnit4
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.vouchsafe.core.uniffiEnsureInitialized

@RunWith(AndroidJUnit4::class)
class ScreenTest {
    @get:Rule val rule = createAndroidComposeRule<MainActivity>()

    @Test
    fun shows() {
        uniffiEnsureInitialized()
        rule.onNodeWithText("Vouchsafe").assertIsDisplayed()
    }
}
