using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace UserTcp.AspNetCore.Tests.Support;

/// <summary>A certificate that signs itself.</summary>
internal static class Certificates
{
    public static X509Certificate2 Own { get; } = Make();

    private static X509Certificate2 Make()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=server.test", key, HashAlgorithmName.SHA256);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), password: null);
    }
}
