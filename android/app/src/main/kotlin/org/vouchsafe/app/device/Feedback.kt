package org.vouchsafe.app.device

import android.content.Context
import android.media.AudioManager
import android.media.ToneGenerator
import android.os.Handler
import android.os.VibrationEffect
import android.os.Vibrator

/** What a verdict sounds and feels like, for staff who look at the person and not at the phone. */
interface Feedback {
    fun accepted()

    fun refused()
}

/** One high tone and a short buzz, or a low one and a long buzz; the tone keeps to the volume of notifications. */
class AndroidFeedback(private val context: Context) : Feedback {
    override fun accepted() = say(ToneGenerator.TONE_PROP_ACK, longArrayOf(0, 80))

    override fun refused() = say(ToneGenerator.TONE_PROP_NACK, longArrayOf(0, 250, 100, 250))

    private fun say(tone: Int, pattern: LongArray) {
        try {
            ToneGenerator(AudioManager.STREAM_NOTIFICATION, ToneGenerator.MAX_VOLUME).run {
                startTone(tone, TONE_MILLIS)
                Handler(context.mainLooper).postDelayed(::release, 2L * TONE_MILLIS)
            }
        } catch (_: RuntimeException) {
            // Some phones have no free audio track; the colour and the word are there all the same.
        }
        context.getSystemService(Vibrator::class.java)?.vibrate(VibrationEffect.createWaveform(pattern, -1))
    }

    private companion object {
        const val TONE_MILLIS = 300
    }
}
