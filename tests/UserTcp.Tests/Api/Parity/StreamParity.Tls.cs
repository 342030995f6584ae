using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace UserTcp.Tests.Api.Parity;

/// <content>TLS, which asks more of a stream than most.</content>
public abstract partial class StreamParity
{
    [Fact(Timeout = Hang)]
    public async Task Tls_runs_over_it_and_says_goodbye()
    {
        using X509Certificate2 certificate = SelfSigned();
        await using var client = new SslStream(Near, leaveInnerStreamOpen: true);
        await using var server = new SslStream(Far, leaveInnerStreamOpen: true);
        await Task.WhenAll(
            client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "parity.test",
                RemoteCertificateValidationCallback = (_, presented, _, _) =>
                    presented!.GetCertHashString() == certificate.GetCertHashString(),
            }),
            server.AuthenticateAsServerAsync(certificate));

        byte[] sent = RandomNumberGenerator.GetBytes(300_000);
        var received = new byte[sent.Length];
        Task reading = server.ReadExactlyAsync(received).AsTask();
        await client.WriteAsync(sent);
        await reading;
        Assert.Equal(sent, received);

        await client.ShutdownAsync();
        Assert.Equal(0, await server.ReadAsync(new byte[1]));
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=parity.test", key, HashAlgorithmName.SHA256);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), password: null);
    }
}
