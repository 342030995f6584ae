using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using UserTcp.Tests.Gateway;

namespace UserTcp.Tests.Samples;

/// <summary>An HTTP server of a few lines: one request for each connection, and then whatever the test wants.</summary>
internal static class WebServer
{
    /// <summary>Answers each request with the same bytes and closes.</summary>
    public static OsServer Answering(string answer) => new(async (socket, token) =>
    {
        await using NetworkStream stream = new(socket);
        await AnswerAsync(stream, _ => answer, token);
    });

    /// <summary>Answers by the path that is asked for.</summary>
    public static OsServer Answering(Func<string, string> answer) => new(async (socket, token) =>
    {
        await using NetworkStream stream = new(socket);
        await AnswerAsync(stream, answer, token);
    });

    /// <summary>The same over TLS.</summary>
    public static OsServer Answering(X509Certificate2 certificate, string answer) => new(async (socket, token) =>
    {
        await using NetworkStream stream = new(socket);
        await using SslStream tls = new(stream);
        try
        {
            SslServerAuthenticationOptions options = new() { ServerCertificate = certificate };
            await tls.AuthenticateAsServerAsync(options, token);
        }
        catch (System.Security.Authentication.AuthenticationException)
        {
            // The client does not trust us: what some tests want.
            return;
        }

        await AnswerAsync(tls, _ => answer, token);
        await tls.ShutdownAsync();
    });

    /// <summary>Reads a request up to its empty line.</summary>
    /// <returns>The path that it asks for.</returns>
    public static async Task<string> ReadRequestAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[8192];
        int length = 0;
        while (buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
                throw new IOException("The client left before its request was complete.");

            length += read;
        }

        return Encoding.ASCII.GetString(buffer, 0, length).Split(' ')[1];
    }

    public static X509Certificate2 CertificateFor(string name)
    {
        using var key = RSA.Create(2048);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 made = request.CreateSelfSigned(
            new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero),
            new DateTimeOffset(2120, 1, 1, 0, 0, 0, TimeSpan.Zero));

        // Through PKCS #12, because not every platform lets TLS use a key that lives only in memory.
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), password: null);
    }

    private static async Task AnswerAsync(
        Stream stream, Func<string, string> answer, CancellationToken cancellationToken)
    {
        string path = await ReadRequestAsync(stream, cancellationToken);
        await stream.WriteAsync(Encoding.Latin1.GetBytes(answer(path)), cancellationToken);
        if (stream is not NetworkStream network)
            return;

        network.Socket.Shutdown(SocketShutdown.Send);
        byte[] rest = new byte[256];
        while (await stream.ReadAsync(rest, cancellationToken) > 0)
        {
        }
    }
}
