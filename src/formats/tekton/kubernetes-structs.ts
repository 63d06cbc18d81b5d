import { goQuantity } from './go-quantity.ts'
import { always, type Convert, field, list, map, mapOf, pointer, type Rule, struct } from './go-shape.ts'
import { goTime } from './go-time.ts'

/**
 * Kubernetes' structs that a Tekton run may hold, as their json tags (k8s.io/api v0.35 core/v1, apimachinery meta/v1, tektoncd/pipeline
 * pkg/apis/pipeline/pod and WorkspaceBinding) have Go write them. Only fields with a rule of their own; the others are left out where empty.
 * `*T` a pointer, `[]T` a slice, `{}T` a map; `T` alone a struct, always written, as is all with `!`; `?` left out where zero. T is left out
 * where it is plain.
 */
const table = `
AWSElasticBlockStoreVolumeSource volumeID:!string
Affinity nodeAffinity:*NodeAffinity podAffinity:*PodAffinity podAntiAffinity:*PodAntiAffinity
AppArmorProfile localhostProfile:* type:!string
AzureDiskVolumeSource cachingMode:* diskName:!string diskURI:!string fsType:* kind:* readOnly:*
AzureFileVolumeSource secretName:!string shareName:!string
CSIVolumeSource driver:!string fsType:* nodePublishSecretRef:*LocalObjectReference readOnly:* volumeAttributes:{}
CephFSVolumeSource monitors:![] secretRef:*LocalObjectReference
CinderVolumeSource secretRef:*LocalObjectReference volumeID:!string
ClusterTrustBundleProjection labelSelector:*LabelSelector name:* optional:* path:!string signerName:*
ConfigMapEnvSource optional:*
ConfigMapKeySelector key:!string optional:*
ConfigMapProjection items:[]KeyToPath optional:*
ConfigMapVolumeSource defaultMode:* items:[]KeyToPath optional:*
ContainerPort containerPort:!int
ContainerState running:*ContainerStateRunning terminated:*ContainerStateTerminated waiting:*ContainerStateWaiting
ContainerStateRunning startedAt:time
ContainerStateTerminated exitCode:!int finishedAt:time startedAt:time
DownwardAPIProjection items:[]DownwardAPIVolumeFile
DownwardAPIVolumeFile fieldRef:*ObjectFieldSelector mode:* path:!string resourceFieldRef:*ResourceFieldSelector
DownwardAPIVolumeSource defaultMode:* items:[]DownwardAPIVolumeFile
EmptyDirVolumeSource sizeLimit:*quantity
EnvFromSource configMapRef:*ConfigMapEnvSource secretRef:*SecretEnvSource
EnvVar name:!string valueFrom:*EnvVarSource
EnvVarSource configMapKeyRef:*ConfigMapKeySelector fieldRef:*ObjectFieldSelector fileKeyRef:*FileKeySelector
  resourceFieldRef:*ResourceFieldSelector secretKeyRef:*SecretKeySelector
EphemeralVolumeSource volumeClaimTemplate:*PersistentVolumeClaimTemplate
FCVolumeSource lun:*
FileKeySelector key:!string optional:* path:!string volumeName:!string
FlexVolumeSource driver:!string options:{} secretRef:*LocalObjectReference
GCEPersistentDiskVolumeSource pdName:!string
GRPCAction port:!int service:!*
GitRepoVolumeSource repository:!string
GlusterfsVolumeSource endpoints:!string path:!string
HTTPGetAction httpHeaders:[]HTTPHeader port:!intOrString
HTTPHeader name:!string value:!string
HostAlias ip:!string
HostPathVolumeSource path:!string type:*
ISCSIVolumeSource initiatorName:* iqn:!string lun:!int secretRef:*LocalObjectReference targetPortal:!string
KeyToPath key:!string mode:* path:!string
LabelSelector matchExpressions:[]LabelSelectorRequirement matchLabels:{}
LabelSelectorRequirement key:!string operator:!string
Lifecycle postStart:*LifecycleHandler preStop:*LifecycleHandler stopSignal:*
LifecycleHandler exec:*ExecAction httpGet:*HTTPGetAction sleep:*SleepAction tcpSocket:*TCPSocketAction
ManagedFieldsEntry fieldsV1:* time:*time
ModifyVolumeStatus status:!string
NFSVolumeSource path:!string server:!string
NodeAffinity preferredDuringSchedulingIgnoredDuringExecution:[]PreferredSchedulingTerm
  requiredDuringSchedulingIgnoredDuringExecution:*NodeSelector
NodeSelector nodeSelectorTerms:![]NodeSelectorTerm
NodeSelectorRequirement key:!string operator:!string
NodeSelectorTerm matchExpressions:[]NodeSelectorRequirement matchFields:[]NodeSelectorRequirement
ObjectFieldSelector fieldPath:!string
ObjectMeta annotations:{} creationTimestamp:?time deletionGracePeriodSeconds:* deletionTimestamp:*time labels:{}
  managedFields:[]ManagedFieldsEntry ownerReferences:[]OwnerReference
OwnerReference apiVersion:!string blockOwnerDeletion:* controller:* kind:!string name:!string uid:!string
PersistentVolumeClaim metadata:ObjectMeta spec:PersistentVolumeClaimSpec status:PersistentVolumeClaimStatus
PersistentVolumeClaimCondition lastProbeTime:time lastTransitionTime:time status:!string type:!string
PersistentVolumeClaimSpec dataSource:*TypedLocalObjectReference dataSourceRef:*TypedObjectReference resources:VolumeResourceRequirements
  selector:*LabelSelector storageClassName:* volumeAttributesClassName:* volumeMode:*
PersistentVolumeClaimStatus allocatedResourceStatuses:{} allocatedResources:{}quantity capacity:{}quantity
  conditions:[]PersistentVolumeClaimCondition currentVolumeAttributesClassName:* modifyVolumeStatus:*ModifyVolumeStatus
PersistentVolumeClaimTemplate metadata:ObjectMeta spec:!PersistentVolumeClaimSpec
PersistentVolumeClaimVolumeSource claimName:!string
PhotonPersistentDiskVolumeSource pdID:!string
PodAffinity preferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm
  requiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm
PodAffinityTerm labelSelector:*LabelSelector namespaceSelector:*LabelSelector topologyKey:!string
PodAntiAffinity preferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm
  requiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm
PodCertificateProjection maxExpirationSeconds:* userAnnotations:{}
PodDNSConfig options:[]PodDNSConfigOption
PodDNSConfigOption value:*
PodSecurityContext appArmorProfile:*AppArmorProfile fsGroup:* fsGroupChangePolicy:* runAsGroup:* runAsNonRoot:* runAsUser:*
  seLinuxChangePolicy:* seLinuxOptions:*SELinuxOptions seccompProfile:*SeccompProfile supplementalGroupsPolicy:* sysctls:[]Sysctl
  windowsOptions:*WindowsSecurityContextOptions
PortworxVolumeSource volumeID:!string
PreferredSchedulingTerm preference:!NodeSelectorTerm weight:!int
Probe exec:*ExecAction grpc:*GRPCAction httpGet:*HTTPGetAction tcpSocket:*TCPSocketAction terminationGracePeriodSeconds:*
ProjectedVolumeSource defaultMode:* sources:![]VolumeProjection
QuobyteVolumeSource registry:!string volume:!string
RBDVolumeSource image:!string monitors:![] secretRef:*LocalObjectReference
ResourceClaim name:!string
ResourceFieldSelector divisor:quantity resource:!string
ResourceRequirements claims:[]ResourceClaim limits:{}quantity requests:{}quantity
ScaleIOVolumeSource gateway:!string secretRef:!*LocalObjectReference system:!string
SeccompProfile localhostProfile:* type:!string
SecretEnvSource optional:*
SecretKeySelector key:!string optional:*
SecretProjection items:[]KeyToPath optional:*
SecretVolumeSource defaultMode:* items:[]KeyToPath optional:*
SecurityContext allowPrivilegeEscalation:* appArmorProfile:*AppArmorProfile capabilities:*Capabilities privileged:* procMount:*
  readOnlyRootFilesystem:* runAsGroup:* runAsNonRoot:* runAsUser:* seLinuxOptions:*SELinuxOptions seccompProfile:*SeccompProfile
  windowsOptions:*WindowsSecurityContextOptions
ServiceAccountTokenProjection expirationSeconds:* path:!string
SleepAction seconds:!int
StorageOSVolumeSource secretRef:*LocalObjectReference
Sysctl name:!string value:!string
TCPSocketAction port:!intOrString
Template affinity:*Affinity automountServiceAccountToken:* dnsConfig:*PodDNSConfig dnsPolicy:* enableServiceLinks:* env:[]EnvVar
  hostAliases:[]HostAlias hostUsers:* imagePullSecrets:[]LocalObjectReference nodeSelector:{} priorityClassName:* runtimeClassName:*
  securityContext:*PodSecurityContext tolerations:[]Toleration topologySpreadConstraints:[]TopologySpreadConstraint volumes:[]Volume
Toleration tolerationSeconds:*
TopologySpreadConstraint labelSelector:*LabelSelector maxSkew:!int minDomains:* nodeAffinityPolicy:* nodeTaintsPolicy:*
  topologyKey:!string whenUnsatisfiable:!string
TypedLocalObjectReference apiGroup:!* kind:!string name:!string
TypedObjectReference apiGroup:!* kind:!string name:!string namespace:*
Volume awsElasticBlockStore:*AWSElasticBlockStoreVolumeSource azureDisk:*AzureDiskVolumeSource azureFile:*AzureFileVolumeSource
  cephfs:*CephFSVolumeSource cinder:*CinderVolumeSource configMap:*ConfigMapVolumeSource csi:*CSIVolumeSource
  downwardAPI:*DownwardAPIVolumeSource emptyDir:*EmptyDirVolumeSource ephemeral:*EphemeralVolumeSource fc:*FCVolumeSource
  flexVolume:*FlexVolumeSource flocker:*FlockerVolumeSource gcePersistentDisk:*GCEPersistentDiskVolumeSource
  gitRepo:*GitRepoVolumeSource glusterfs:*GlusterfsVolumeSource hostPath:*HostPathVolumeSource image:*ImageVolumeSource
  iscsi:*ISCSIVolumeSource name:!string nfs:*NFSVolumeSource persistentVolumeClaim:*PersistentVolumeClaimVolumeSource
  photonPersistentDisk:*PhotonPersistentDiskVolumeSource portworxVolume:*PortworxVolumeSource projected:*ProjectedVolumeSource
  quobyte:*QuobyteVolumeSource rbd:*RBDVolumeSource scaleIO:*ScaleIOVolumeSource secret:*SecretVolumeSource
  storageos:*StorageOSVolumeSource vsphereVolume:*VsphereVirtualDiskVolumeSource
VolumeDevice devicePath:!string name:!string
VolumeMount mountPath:!string mountPropagation:* name:!string recursiveReadOnly:*
VolumeProjection clusterTrustBundle:*ClusterTrustBundleProjection configMap:*ConfigMapProjection downwardAPI:*DownwardAPIProjection
  podCertificate:*PodCertificateProjection secret:*SecretProjection serviceAccountToken:*ServiceAccountTokenProjection
VolumeResourceRequirements limits:{}quantity requests:{}quantity
VsphereVirtualDiskVolumeSource volumePath:!string
WeightedPodAffinityTerm podAffinityTerm:!PodAffinityTerm weight:!int
WindowsSecurityContextOptions gmsaCredentialSpec:* gmsaCredentialSpecName:* hostProcess:* runAsUserName:*
WorkspaceBinding configMap:*ConfigMapVolumeSource csi:*CSIVolumeSource emptyDir:*EmptyDirVolumeSource name:!string
  persistentVolumeClaim:*PersistentVolumeClaimVolumeSource projected:*ProjectedVolumeSource secret:*SecretVolumeSource
  volumeClaimTemplate:*PersistentVolumeClaim
`

const same: Convert = (value) => value

const leaves: Readonly<Record<string, { convert: Convert; zero: unknown }>> = {
  '': { convert: same, zero: null },
  string: { convert: same, zero: '' },
  int: { convert: same, zero: 0 },
  bool: { convert: same, zero: false },
  intOrString: { convert: same, zero: 0 },
  quantity: { convert: goQuantity, zero: '0' },
  time: { convert: goTime, zero: null },
}

const coded = /^([!?]?)(\*|\[\]|\{\})?(\w*)$/

function ruleOf(code: string, convertOf: (type: string) => Convert): Rule {
  const [, force, sort, type = ''] = coded.exec(code) ?? []
  const convert = convertOf(type)
  if (sort === '*') return force ? always(null, convert) : pointer(convert)
  if (sort === '[]') return force ? always(null, list(convert)) : field(list(convert))
  if (sort === '{}') return type === '' ? map : mapOf(convert, leaves[type]?.zero)
  if (force === '?') return field(convert)
  return always(leaves[type] ? leaves[type].zero : convert({}), convert)
}

/** How such a struct is written, whatever it was read from: a lookup by its name in Go. */
export const kubernetesStruct: (name: string) => Convert = compile(table)

function compile(text: string): (name: string) => Convert {
  const fieldsOf = new Map(
    text
      .trim()
      .split(/\n(?! )/)
      .map((line) => {
        const [name = '', ...fields] = line.split(/\s+/)
        return [name, fields.map((one) => one.split(':') as [string, string])]
      }),
  )
  const made = new Map<string, Convert>(Object.entries(leaves).map(([name, { convert }]) => [name, convert]))
  const convertOf = (name: string): Convert => {
    const convert =
      made.get(name) ??
      struct(Object.fromEntries((fieldsOf.get(name) ?? []).map(([key, code]) => [key, ruleOf(code, convertOf)])))
    made.set(name, convert)
    return convert
  }
  return convertOf
}
