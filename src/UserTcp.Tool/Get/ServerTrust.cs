using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace UserTcp.Tool.Get;

/// <summary>Which certificates of servers will do.</summary>
internal static class ServerTrust
{
    public static SslClientAuthenticationOptions MakeOptions(HttpWishes wishes, HttpTrail trail) => new()
    {
        CertificateChainPolicy = wishes.Authorities is null ? null : PolicyOf(wishes.Authorities),
        RemoteCertificateValidationCallback = (stream, _, chain, errors) =>
        {
            if (wishes.IgnoresCertificates || errors == SslPolicyErrors.None)
                return true;

            string host = ((SslStream)stream).TargetHostName;
            trail.Distrusted($"The certificate of {host} is not trusted: {Explain(errors, chain)}.");
            return false;
        },
    };

    /// <summary>Reads certificates in PEM.</summary>
    /// <exception cref="ToolException">The file cannot be read, or has none.</exception>
    public static X509Certificate2Collection ReadAuthorities(string file)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException
            or ArgumentException)
        {
            throw new ToolException(
                Failure.Authorities, $"'{file}' cannot be read: {ToolException.WordsOf(error)}", error);
        }

        return authorities.Count > 0
            ? authorities
            : throw new ToolException(Failure.Authorities, $"{file} has no certificate in PEM.");
    }

    private static X509ChainPolicy PolicyOf(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck, // as without a policy
        };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    private static string Explain(SslPolicyErrors errors, X509Chain? chain)
    {
        List<string> reasons = [];
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
            reasons.Add("it has none");
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            reasons.Add("it is another's");
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
            reasons.AddRange(chain?.ChainStatus.Select(status => status.StatusInformation.TrimEnd('.')) ?? []);
        return string.Join(", ", reasons);
    }
}
