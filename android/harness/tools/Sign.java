import com.android.apksig.ApkSigner;
import com.android.apksig.ApkVerifier;
import java.io.File;
import java.io.FileInputStream;
import java.io.InputStream;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/** Signs an APK by a key of its own, which no phone trusts, and verifies what came of it: UNSIGNED SIGNED KEYSTORE MINSDK. */
public class Sign {
    private static final String PASSWORD = "vouchsafe";

    public static void main(String[] args) throws Exception {
        File unsigned = new File(args[0]);
        File signed = new File(args[1]);
        File keystore = new File(args[2]);
        int minSdk = Integer.parseInt(args[3]);
        if (!keystore.exists()) {
            make(keystore);
        }
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = new FileInputStream(keystore)) {
            keys.load(in, PASSWORD.toCharArray());
        }
        var key = (PrivateKey) keys.getKey("key", PASSWORD.toCharArray());
        var certificate = (X509Certificate) keys.getCertificate("key");
        var signer = new ApkSigner.SignerConfig.Builder("key", key, List.of(certificate)).build();
        new ApkSigner.Builder(List.of(signer))
            .setInputApk(unsigned)
            .setOutputApk(signed)
            .setMinSdkVersion(minSdk)
            .setV1SigningEnabled(false)
            .setV2SigningEnabled(true)
            .setV3SigningEnabled(true)
            .setAlignmentPreserved(true)
            .build()
            .sign();

        var found = new ApkVerifier.Builder(signed).setMinCheckedPlatformVersion(minSdk).build().verify();
        if (!found.isVerified() || !found.isVerifiedUsingV3Scheme()) {
            System.err.println("The signature does not hold: " + found.getErrors());
            System.exit(1);
        }
    }

    private static void make(File keystore) throws Exception {
        int status = new ProcessBuilder("keytool", "-genkeypair", "-keystore", keystore.getPath(), "-storetype", "PKCS12",
            "-storepass", PASSWORD, "-alias", "key", "-keyalg", "EC", "-groupname", "secp256r1", "-validity", "10000",
            "-dname", "CN=Vouchsafe harness").inheritIO().start().waitFor();
        if (status != 0) {
            throw new IllegalStateException("keytool ended with status " + status);
        }
    }
}
